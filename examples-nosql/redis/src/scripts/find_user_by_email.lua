-- The user with an e-mail address: nil if nobody has it.
--
-- KEYS: 1 users:by-email
-- ARGV: 1 what the key of each user begins with, 2 the address in lower case
local id = redis.call('HGET', KEYS[1], ARGV[2])
return id and redis.call('HGETALL', ARGV[1] .. id)
