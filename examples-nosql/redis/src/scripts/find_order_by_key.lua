-- The order with an idempotency key, and what its customer is called now: nil if the customer has used no such key.
--
-- KEYS: 1 the customer's idempotency keys, 2 the customer
-- ARGV: 1 what the key of each order begins with, 2 the idempotency key
local id = redis.call('HGET', KEYS[1], ARGV[2])
return id and { redis.call('HGETALL', ARGV[1] .. id), redis.call('HGET', KEYS[2], 'name') }
