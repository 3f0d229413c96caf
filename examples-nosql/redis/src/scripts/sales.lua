-- The sales of some days, added up by category, in no order: Lua compares texts as the server's locale has it, and this
-- program by their bytes.
--
-- KEYS: 1 sales
-- ARGV: 1 what the key of each day's sales begins with, 2 when the first day begins, 3 when the last one does, as ZRANGE
--       has it
--
-- A number in Lua is a double, exact up to 2^53, and so many cents can be sold. So revenues are added up in two parts: the
-- last nine digits, and what stands before them.
local sums = {}
for _, day in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[2], ARGV[3], 'BYSCORE')) do
  local counts = redis.call('HGETALL', ARGV[1] .. day)
  for place = 1, #counts, 2 do
    local what, category = counts[place]:match('^([^:]+):(.*)$')
    local number = counts[place + 1]
    if not category or not number:find('^%d+$') then
      return 'UNEXPECTED'
    end
    local sum = sums[category] or { orders = 0, units = 0, billions = 0, revenue_cents = 0 }
    sums[category] = sum
    if what == 'revenue_cents' then
      sum.billions = sum.billions + (tonumber(number:sub(1, -10)) or 0)
      number = number:sub(-9)
    end
    sum[what] = (sum[what] or 0) + tonumber(number)
  end
end

local sales = {}
for category, sum in pairs(sums) do
  -- A count that is back at 0 stays where it is.
  if sum.orders > 0 then
    sales[#sales + 1] = { category, sum.orders, sum.units, sum.billions, sum.revenue_cents }
  end
end
return sales
