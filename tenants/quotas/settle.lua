-- Correct what calls were charged. KEYS: per call its grant's key. ARGV per call: id, the minute it was taken in,
-- tokens to add (what the host reported less the estimate, or less than zero), and 1 where the call never happened.
-- What a minute was charged too much flows back only while that minute lasts; too little is owed now.
local time = redis.call('TIME')
local minute = math.floor(time[1] / 60)
for i = 1, #KEYS do
    local key, at = KEYS[i], 1 + (i - 1) * 4
    local id, taken, more, undone = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3] == '1'
    redis.call('ZREM', key .. ':running', id)
    local last = tonumber(redis.call('HGET', key, 'minute') or -1)
    if last == taken or (more > 0 and last >= 0) then
        local tokens = tonumber(redis.call('HGET', key, 'tokens') or 0)
        redis.call('HSET', key, 'tokens', math.max(0, tokens + more))
        if undone and last == taken then redis.call('HINCRBY', key, 'calls', -1) end
    end
end
return minute
