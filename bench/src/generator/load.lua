-- Sends prepared requests, one after another by chance, and says at the end what came of it.
--   wrk -s load.lua URL -- REQUESTS RUN
-- REQUESTS is a Lua file that returns a list of requests as they go over the wire; RUN is a number of three digits that
-- no other run over the same database has. UNIQUE in a request becomes RUN, the thread, and a counter.

local UNIQUE = "@@@@@@@@@@@@"
local threads = {}

function setup(thread)
    thread:set("number", #threads)
    table.insert(threads, thread)
end

function init(arguments)
    local list = dofile(arguments[1])
    prefix = string.format("%03d%02d", tonumber(arguments[2]), number)
    requests, count, sent = {}, #list, 0
    for place, text in ipairs(list) do
        local from, to = string.find(text, UNIQUE, 1, true)
        if from then
            requests[place] = { string.sub(text, 1, from - 1), string.sub(text, to + 1) }
        else
            requests[place] = text
        end
    end
    -- The same chance for every subject.
    math.randomseed(1 + number)
end

function request()
    local chosen = requests[count == 1 and 1 or math.random(count)]
    if type(chosen) == "string" then return chosen end
    sent = sent + 1
    return chosen[1] .. prefix .. string.format("%07d", sent) .. chosen[2]
end

function done(summary, latency, _)
    local errors, unique = summary.errors, 0
    for _, thread in ipairs(threads) do unique = unique + thread:get("sent") end
    io.write(string.format(
        '{"requests":%d,"refused":%d,"broken":%d,"unique":%d,"micros":%d,"p50":%d,"p90":%d,"p99":%d,"p999":%d,"max":%d}\n',
        summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout, unique, summary.duration,
        latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max))
end
