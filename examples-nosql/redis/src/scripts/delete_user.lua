-- Removes a user, if it still has the expected version, and no order.
--
-- KEYS: 1 user, 2 users, 3 users:role:user, 4 users:role:admin, 5 users:by-email, 6 the user's orders
-- ARGV: 1 id, 2 the expected version
--
-- As in insert_user.lua, whatever can fail is tried before the first write.
local role_sets = { user = KEYS[3], admin = KEYS[4] }
local stored = redis.call('HMGET', KEYS[1], 'version', 'role', 'email_key')
local version, role, email_key = stored[1], stored[2], stored[3]
local admins = redis.call('ZCARD', KEYS[4])
redis.call('ZCARD', KEYS[2])
redis.call('ZCARD', KEYS[3])
redis.call('HLEN', KEYS[5])
local orders = redis.call('ZCARD', KEYS[6])

-- Compared as text, as in update_user.lua.
if version ~= ARGV[2] then
  return 'VERSION_CONFLICT'
end
if not role_sets[role] or not email_key then
  return 'UNEXPECTED'
end
if role == 'admin' and admins < 2 then
  return 'LAST_ADMIN'
end
if orders > 0 then
  return 'HAS_ORDERS'
end

redis.call('ZREM', role_sets[role], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[5], email_key)
redis.call('DEL', KEYS[1])
return 'OK'
