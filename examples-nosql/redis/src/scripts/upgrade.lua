-- Brings the layout up to date and gives its number. Any number of processes may do so at once.
--
-- KEYS: 1 layout
-- ARGV: 1 the number of the program's layout
--
-- Layout 1 had users only, kept as in layout 2: nothing is to be moved. It has a number of its own because a program that
-- knows of no orders would delete users who have some.
local layout = redis.call('GET', KEYS[1])
if not layout or layout == '1' then
  redis.call('SET', KEYS[1], ARGV[1])
  return ARGV[1]
end
return layout
