-- Keeps a new user.
--
-- KEYS: 1 user, 2 users, 3 users:role:user, 4 users:role:admin, 5 users:by-email
-- ARGV: 1 id, 2 name, 3 email, 4 email_key, 5 password_hash, 6 role, 7 version, 8 credentials_version, 9 created_at,
--       10 updated_at
--
-- Redis runs a script alone, but undoes nothing of one that fails. So whatever can fail is tried first: a key of another
-- type ends the script at one of these reads.
local role_set = ({ user = KEYS[3], admin = KEYS[4] })[ARGV[6]]
local is_there = redis.call('HEXISTS', KEYS[1], 'id') == 1
local is_listed = redis.call('ZSCORE', KEYS[2], ARGV[1]) or redis.call('ZSCORE', role_set, ARGV[1])
local is_taken = redis.call('HEXISTS', KEYS[5], ARGV[4]) == 1

-- An id is never made twice: a user with this id is this user, inserted before.
if is_there or is_listed or is_taken then
  return 'EMAIL_TAKEN'
end

redis.call('HSET', KEYS[1],
  'id', ARGV[1], 'name', ARGV[2], 'email', ARGV[3], 'email_key', ARGV[4], 'password_hash', ARGV[5], 'role', ARGV[6],
  'version', ARGV[7], 'credentials_version', ARGV[8], 'created_at', ARGV[9], 'updated_at', ARGV[10])
redis.call('HSET', KEYS[5], ARGV[4], ARGV[1])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
redis.call('ZADD', role_set, 0, ARGV[1])
return 'OK'
