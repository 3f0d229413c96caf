-- Writes a user over the stored one, if that still has the expected version: compare-and-swap.
--
-- KEYS: 1 user, 2 users, 3 users:role:user, 4 users:role:admin, 5 users:by-email
-- ARGV: 1 id, 2 name, 3 email, 4 email_key, 5 password_hash, 6 role, 7 version, 8 credentials_version, 9 created_at,
--       10 updated_at, 11 the expected version
--
-- As in insert_user.lua, whatever can fail is tried before the first write.
local role_sets = { user = KEYS[3], admin = KEYS[4] }
local stored = redis.call('HMGET', KEYS[1], 'version', 'role', 'email_key')
local version, role, email_key = stored[1], stored[2], stored[3]
local owner = redis.call('HGET', KEYS[5], ARGV[4])
local admins = redis.call('ZCARD', KEYS[4])
redis.call('ZCARD', KEYS[3])

-- Compared as text: a number in Lua is a double, which cannot tell 2^53 from 2^53 + 1. It is false if there is no user.
if version ~= ARGV[11] then
  return 'VERSION_CONFLICT'
end
if not role_sets[role] or not email_key then
  return 'UNEXPECTED'
end
if role == 'admin' and ARGV[6] ~= 'admin' and admins < 2 then
  return 'LAST_ADMIN'
end
if owner and owner ~= ARGV[1] then
  return 'EMAIL_TAKEN'
end

redis.call('HSET', KEYS[1],
  'id', ARGV[1], 'name', ARGV[2], 'email', ARGV[3], 'email_key', ARGV[4], 'password_hash', ARGV[5], 'role', ARGV[6],
  'version', ARGV[7], 'credentials_version', ARGV[8], 'created_at', ARGV[9], 'updated_at', ARGV[10])
if email_key ~= ARGV[4] then
  redis.call('HDEL', KEYS[5], email_key)
  redis.call('HSET', KEYS[5], ARGV[4], ARGV[1])
end
if role ~= ARGV[6] then
  redis.call('ZREM', role_sets[role], ARGV[1])
  redis.call('ZADD', role_sets[ARGV[6]], 0, ARGV[1])
end
return 'OK'
