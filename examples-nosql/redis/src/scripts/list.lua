-- A page of users or of products, in the order of their ids.
--
-- KEYS: 1 a sorted set whose members have one score and end with an id
-- ARGV: 1 what the key of each one begins with, 2 where to begin and 3 where to end, as ZRANGE has it: '-', '+', or '('
--       and a member, 4 how many at most
--
-- One script, because a page is to be one state: between a ZRANGE and the HGETALLs after it, others would write.
local page = {}
for place, member in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[2], ARGV[3], 'BYLEX', 'LIMIT', 0, ARGV[4])) do
  page[place] = redis.call('HGETALL', ARGV[1] .. member:sub(-36))
end
return page
