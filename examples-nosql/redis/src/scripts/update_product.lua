-- Writes a product over the stored one, if that still has the expected version: compare-and-swap.
--
-- KEYS: 1 product, 2 products, 3 products:by-category, 4 products:by-sku
-- ARGV: 1 id, 2 sku, 3 name, 4 category, 5 price_cents, 6 stock, 7 attributes, 8 version, 9 created_at, 10 updated_at,
--       11 the expected version
--
-- As in insert_user.lua, whatever can fail is tried before the first write.
local stored = redis.call('HMGET', KEYS[1], 'version', 'category', 'sku')
local version, category, sku = stored[1], stored[2], stored[3]
local owner = redis.call('HGET', KEYS[4], ARGV[2])
redis.call('ZCARD', KEYS[3])

-- Compared as text, as in update_user.lua. Orders raise the version, too: whoever writes a stock has seen the last one.
if version ~= ARGV[11] then
  return 'VERSION_CONFLICT'
end
if not category or not sku then
  return 'UNEXPECTED'
end
if owner and owner ~= ARGV[1] then
  return 'SKU_TAKEN'
end

redis.call('HSET', KEYS[1],
  'id', ARGV[1], 'sku', ARGV[2], 'name', ARGV[3], 'category', ARGV[4], 'price_cents', ARGV[5], 'stock', ARGV[6],
  'attributes', ARGV[7], 'version', ARGV[8], 'created_at', ARGV[9], 'updated_at', ARGV[10])
if category ~= ARGV[4] then
  redis.call('ZREM', KEYS[3], category .. '\0' .. ARGV[1])
  redis.call('ZADD', KEYS[3], 0, ARGV[4] .. '\0' .. ARGV[1])
end
if sku ~= ARGV[2] then
  redis.call('HDEL', KEYS[4], sku)
  redis.call('HSET', KEYS[4], ARGV[2], ARGV[1])
end
return 'OK'
