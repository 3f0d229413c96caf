-- Keeps a new product.
--
-- KEYS: 1 product, 2 products, 3 products:by-category, 4 products:by-sku
-- ARGV: 1 id, 2 sku, 3 name, 4 category, 5 price_cents, 6 stock, 7 attributes, 8 version, 9 created_at, 10 updated_at
--
-- As in insert_user.lua, whatever can fail is tried before the first write.
local is_there = redis.call('HEXISTS', KEYS[1], 'id') == 1
local is_taken = redis.call('HEXISTS', KEYS[4], ARGV[2]) == 1
redis.call('ZCARD', KEYS[2])
redis.call('ZCARD', KEYS[3])

-- An id is never made twice: a product with this id is this product, inserted before.
if is_there or is_taken then
  return 'SKU_TAKEN'
end

redis.call('HSET', KEYS[1],
  'id', ARGV[1], 'sku', ARGV[2], 'name', ARGV[3], 'category', ARGV[4], 'price_cents', ARGV[5], 'stock', ARGV[6],
  'attributes', ARGV[7], 'version', ARGV[8], 'created_at', ARGV[9], 'updated_at', ARGV[10])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[4] .. '\0' .. ARGV[1])
redis.call('HSET', KEYS[4], ARGV[2], ARGV[1])
return 'OK'
