-- Products, read together: an empty hash for each that is not there.
--
-- KEYS: 1 ... product
local products = {}
for place, key in ipairs(KEYS) do
  products[place] = redis.call('HGETALL', key)
end
return products
