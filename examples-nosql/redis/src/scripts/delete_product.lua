-- Removes a product, if it still has the expected version. Orders keep their lines, which are copies.
--
-- KEYS: 1 product, 2 products, 3 products:by-category, 4 products:by-sku
-- ARGV: 1 id, 2 the expected version
--
-- As in insert_user.lua, whatever can fail is tried before the first write.
local stored = redis.call('HMGET', KEYS[1], 'version', 'category', 'sku')
local version, category, sku = stored[1], stored[2], stored[3]
redis.call('ZCARD', KEYS[2])
redis.call('ZCARD', KEYS[3])
redis.call('HLEN', KEYS[4])

-- Compared as text, as in update_user.lua.
if version ~= ARGV[2] then
  return 'VERSION_CONFLICT'
end
if not category or not sku then
  return 'UNEXPECTED'
end

redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], category .. '\0' .. ARGV[1])
redis.call('HDEL', KEYS[4], sku)
redis.call('DEL', KEYS[1])
return 'OK'
