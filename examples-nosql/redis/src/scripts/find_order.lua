-- An order, and what its customer is called now: nil if there is no such order.
--
-- KEYS: 1 order
-- ARGV: 1 what the key of each user begins with
local order = redis.call('HGETALL', KEYS[1])
if #order == 0 then
  return false
end
local customer_id = redis.call('HGET', KEYS[1], 'customer_id')
return { order, customer_id and redis.call('HGET', ARGV[1] .. customer_id, 'name') }
