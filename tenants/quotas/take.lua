-- Take calls from their grants' rates, one after the other, or say which rate each does not fit under.
-- KEYS[1]: the mark that the counters are whole. KEYS[2..]: per call its grant's key.
-- ARGV[1]: how long a running call counts without a sign of life, ms. Then per call: id, rpm, tpm, concurrency
-- (-1: no limit), tokens charged to tpm.
-- Answers {minute, per call {verdict, used, calls, tokens}}; verdict 0 fits, 1 rpm, 2 tpm, 3 concurrency;
-- {-1, minute} when the counters were lost.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local minute = math.floor(time[1] / 60)
if redis.call('EXISTS', KEYS[1]) == 0 then return {-1, minute} end
local answers = {minute}
for i = 2, #KEYS do
    local key, at = KEYS[i], 2 + (i - 2) * 5
    local id, rpm, tpm, most, need = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
    local held = redis.call('HMGET', key, 'minute', 'calls', 'tokens')
    local last, calls, tokens = tonumber(held[1] or minute), tonumber(held[2] or 0), tonumber(held[3] or 0)
    if last < minute then
        calls = 0
        -- what went beyond a minute is debt on the next ones
        tokens = tpm < 0 and 0 or math.max(0, tokens - tpm * (minute - last))
    end
    local running = 0
    if most >= 0 then
        redis.call('ZREMRANGEBYSCORE', key .. ':running', '-inf', now_ms)
        running = redis.call('ZCARD', key .. ':running')
    end
    local verdict, used = 0, 0
    if rpm >= 0 and calls + 1 > rpm then verdict, used = 1, calls
    elseif tpm >= 0 and tokens + need > tpm then verdict, used = 2, tokens
    elseif most >= 0 and running + 1 > most then verdict, used = 3, running
    else
        calls, tokens = calls + 1, tokens + need
        if most >= 0 then
            redis.call('ZADD', key .. ':running', now_ms + tonumber(ARGV[1]), id)
            redis.call('PEXPIRE', key .. ':running', 3600000)
        end
    end
    redis.call('HSET', key, 'minute', math.max(minute, last), 'calls', calls, 'tokens', tokens)
    redis.call('EXPIRE', key, 3600)
    answers[#answers + 1] = {verdict, used, calls, tokens}
end
return answers
