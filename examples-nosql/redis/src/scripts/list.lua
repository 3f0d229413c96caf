-- A page of users, in the order of their ids.
--
-- KEYS: 1 users, or users:role:user or users:role:admin
-- ARGV: 1 what the key of each user begins with, 2 where to begin: '-', or '(' and an id, 3 how many at most
--
-- One script, because a page is to be one state: between a ZRANGE and the HGETALLs after it, others would write.
local users = {}
for place, id in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[2], '+', 'BYLEX', 'LIMIT', 0, ARGV[3])) do
  users[place] = redis.call('HGETALL', ARGV[1] .. id)
end
return users
