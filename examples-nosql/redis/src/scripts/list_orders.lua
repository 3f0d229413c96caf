-- A page of a customer's orders, in the order of their ids, and what the customer is called now.
--
-- KEYS: 1 the customer's orders, or those with a status, 2 the customer
-- ARGV: 1 what the key of each order begins with, 2 where to begin: '-', or '(' and an id, 3 how many at most
local orders = {}
for place, id in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[2], '+', 'BYLEX', 'LIMIT', 0, ARGV[3])) do
  orders[place] = redis.call('HGETALL', ARGV[1] .. id)
end
return { orders, redis.call('HGET', KEYS[2], 'name') }
