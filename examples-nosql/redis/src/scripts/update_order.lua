-- Moves an order to another status, if it still has the expected version: compare-and-swap. What goes with the status goes
-- with it: stock that is given back, and sales that are counted.
--
-- KEYS: 1 order, 2 the customer's orders with the status before, 3 those with the status after, 4 sales, 5 sales of the
--       order's day, 6 ... the product of each line
-- ARGV: 1 id, 2 the status before, 3 status, 4 version, 5 updated_at, 6 the expected version, 7 the order's day, 8 when it
--       begins; and of each line: 9 what the product gets back, 10 its category and what is added to the category's
--       11 orders, 12 units, 13 revenue_cents, which may be negative; 14 ... 18 and so on of the next line
--
-- As in place_order.lua, whatever can fail is tried before the first write.
local stored = redis.call('HMGET', KEYS[1], 'version', 'status')
local version, status = stored[1], stored[2]
redis.call('ZCARD', KEYS[2])
redis.call('ZCARD', KEYS[3])
redis.call('ZCARD', KEYS[4])
local function can_be_raised(number)
  return number and #number < 19 and number:find('^%d+$') and (number == '0' or not number:find('^0'))
end
local is_as_written, is_there = status == ARGV[2], {}
for line = 1, #KEYS - 5 do
  local product = redis.call('HMGET', KEYS[5 + line], 'stock', 'version')
  is_there[line] = product[1] or product[2]
  if is_there[line] then
    is_as_written = is_as_written and can_be_raised(product[1]) and can_be_raised(product[2])
  end
  for _, what in ipairs({ 'orders:', 'units:', 'revenue_cents:' }) do
    local count = redis.call('HGET', KEYS[5], what .. ARGV[5 * line + 5])
    is_as_written = is_as_written and (not count or can_be_raised(count))
  end
end

-- Compared as text, as in update_user.lua.
if version ~= ARGV[6] then
  return 'VERSION_CONFLICT'
end
if not is_as_written then
  return 'UNEXPECTED'
end

redis.call('HSET', KEYS[1], 'status', ARGV[3], 'version', ARGV[4], 'updated_at', ARGV[5])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
for line = 1, #KEYS - 5 do
  local gets_back, category, orders, units, revenue_cents = unpack(ARGV, 5 * line + 4, 5 * line + 8)
  if is_there[line] and gets_back ~= '0' then
    redis.call('HINCRBY', KEYS[5 + line], 'stock', gets_back)
    redis.call('HINCRBY', KEYS[5 + line], 'version', 1)
  end
  if units ~= '0' then
    redis.call('ZADD', KEYS[4], ARGV[8], ARGV[7])
    redis.call('HINCRBY', KEYS[5], 'orders:' .. category, orders)
    redis.call('HINCRBY', KEYS[5], 'units:' .. category, units)
    redis.call('HINCRBY', KEYS[5], 'revenue_cents:' .. category, revenue_cents)
  end
end
return 'OK'
