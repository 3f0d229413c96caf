-- Places an order: keeps it and takes its stock. Answers with a word, and with what is left for each line if that is too
-- little for one of them: a number, or nil where the product is gone.
--
-- KEYS: 1 order, 2 the customer, 3 the customer's orders, 4 those with this status, 5 the customer's idempotency keys,
--       6 ... the product of each line
-- ARGV: 1 id, 2 customer_id, 3 status, 4 lines, 5 subtotal_cents, 6 discount_cents, 7 total_cents, 8 idempotency_key or
--       '', 9 version, 10 created_at, 11 updated_at, 12 ... the quantity of each line
--
-- Nobody else's command runs before this script has ended: what it has looked at holds until it has written. But Redis
-- undoes nothing of a script that fails. So all of it is looked at first, and whatever can fail is tried: a key of another
-- type ends the script at one of these reads.
local is_there = redis.call('HEXISTS', KEYS[1], 'id') == 1
local key_is_taken = redis.call('HEXISTS', KEYS[5], ARGV[8]) == 1
local customer_is_there = redis.call('HEXISTS', KEYS[2], 'id') == 1
redis.call('ZCARD', KEYS[3])
redis.call('ZCARD', KEYS[4])
-- HINCRBY counts with 64 bits and takes numbers in one spelling only. Of up to 18 digits, it can add to all.
local function can_be_raised(number)
  return number and #number < 19 and number:find('^%d+$') and (number == '0' or not number:find('^0'))
end
local is_as_written, is_short, left = true, false, {}
for line = 1, #KEYS - 5 do
  local stored = redis.call('HMGET', KEYS[5 + line], 'stock', 'version')
  local stock, version = stored[1], stored[2]
  if stock or version then
    is_as_written = is_as_written and can_be_raised(stock) and can_be_raised(version)
  end
  -- A number in Lua is a double: exact up to 2^53.
  is_short = is_short or not stock or (tonumber(stock) or 0) < tonumber(ARGV[11 + line])
  left[line] = stock
end

-- An id is never made twice: an order with this id is this order, placed before.
if is_there or key_is_taken then
  return { 'KEY_TAKEN' }
end
if not customer_is_there then
  return { 'CUSTOMER_GONE' }
end
if not is_as_written then
  return { 'UNEXPECTED' }
end
if is_short then
  return { 'OUT_OF_STOCK', unpack(left, 1, #KEYS - 5) }
end

for line = 1, #KEYS - 5 do
  redis.call('HINCRBY', KEYS[5 + line], 'stock', '-' .. ARGV[11 + line])
  redis.call('HINCRBY', KEYS[5 + line], 'version', 1)
end
redis.call('HSET', KEYS[1],
  'id', ARGV[1], 'customer_id', ARGV[2], 'status', ARGV[3], 'lines', ARGV[4], 'subtotal_cents', ARGV[5],
  'discount_cents', ARGV[6], 'total_cents', ARGV[7], 'idempotency_key', ARGV[8], 'version', ARGV[9],
  'created_at', ARGV[10], 'updated_at', ARGV[11])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
redis.call('ZADD', KEYS[4], 0, ARGV[1])
if ARGV[8] ~= '' then
  redis.call('HSET', KEYS[5], ARGV[8], ARGV[1])
end
return { 'OK' }
