-- Set every counter to what the ledger knows, once, after Redis lost them. KEYS[1]: the mark that they are whole.
-- KEYS[2..]: a grant's key. ARGV[1]: lease ms, ARGV[2]: the minute that was counted. Then per grant: calls, tokens,
-- how many run, and their ids.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local at = 3
for i = 2, #KEYS do
    local key, running = KEYS[i], tonumber(ARGV[at + 2])
    redis.call('HSET', key, 'minute', ARGV[2], 'calls', ARGV[at], 'tokens', ARGV[at + 1])
    redis.call('EXPIRE', key, 3600)
    for n = 1, running do
        redis.call('ZADD', key .. ':running', now_ms + tonumber(ARGV[1]), ARGV[at + 2 + n])
    end
    at = at + 3 + running
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
