namespace DaemonProxy.Fleet;

/// <summary>
/// The program that the server runs for each call of a member. It is the whole of the agreement: what it keeps, and the proof that the
/// shares never exceed the rate, are in docs/rate-limits.md.
/// </summary>
/// <remarks>
/// Every key carries the fleet's name as its hash tag, so that a cluster keeps all of them on one node. Times are the server's own, in
/// milliseconds; rates are whole bytes a second; weights are hundredths of a response.
/// </remarks>
public static class FleetScript
{
    /// <summary>How long a member whose connection has ended is waited for before its shares are free, ms.</summary>
    public const int Absence = 200;

    /// <summary>A silence of all members, which call every second at least, that means that the server was away itself, ms.</summary>
    public const int Silence = 1_500;

    /// <summary>How long nobody's share is raised after the server was away or is new, so that all can say what they use, ms.</summary>
    public const int Recovery = 300;

    /// <summary>How often the members are looked through for those that have died, ms.</summary>
    public const int Watch = 100;

    /// <summary>The weight of a member whose responses are all content, hundredths: what lets them grow.</summary>
    public const int LeastWeight = 2;

    /// <summary>Arguments for the whole call; <see cref="ArgumentsOfLimit"/> for each limit follow.</summary>
    public const int ArgumentsOfCall = 3;

    /// <summary>Arguments for each limit: rate, share in use, weight, content responses, their rate.</summary>
    public const int ArgumentsOfLimit = 5;

    /// <summary>Numbers in the answer for the whole call; <see cref="AnswersOfLimit"/> for each limit follow.</summary>
    public const int AnswersOfCall = 2;

    /// <summary>Numbers in the answer for each limit: the share, and the members that use the limit.</summary>
    public const int AnswersOfLimit = 2;

    /// <summary>The source, Lua 5.1.</summary>
    public static string Source { get; } = $$"""
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local fleet, id = KEYS[1], ARGV[1]
        local seq, lease = tonumber(ARGV[2]), tonumber(ARGV[3])
        local floor, format, match = math.floor, string.format, string.match

        -- The fleet: when the server's service began, its last call, the last watch, how often a member was taken out, the members.
        local head = redis.call('HMGET', fleet, '#', id)
        local from, last, watched, generation, members = now, now, 0, 0, 0
        if head[1] then
            local a, b, c, d, e = match(head[1], '(%d+) (%d+) (%d+) (%d+) (%d+)')
            from, last, watched, generation, members = a + 0, b + 0, c + 0, d + 0, e + 0
            if now - last > {{Silence}} then from = now end
        end
        if head[2] and seq <= tonumber(match(head[2], '^%d+')) then return { -1, members } end

        -- A member: its last call's number and time, since when its connection is missing, its lease, whether its connection can be seen.
        local function connected(ids)
            local channels = {}
            for i = 1, #ids do channels[i] = fleet .. ':' .. ids[i] end
            local seen, answer = {}, redis.pcall('PUBSUB', 'NUMSUB', unpack(channels))
            if answer.err then return seen end
            for i = 1, #ids do seen[ids[i]] = tonumber(answer[i * 2]) > 0 end
            return seen
        end
        local mine = connected({ id })[id] and 1 or 0
        redis.call('HSET', fleet, id, format('%d %d 0 %d %d', seq, now, lease, mine))
        if now - watched >= {{Watch}} or not head[2] then
            watched, members = now, 0
            local all, visible = redis.call('HGETALL', fleet), {}
            for i = 1, #all, 2 do
                if all[i] ~= '#' and all[i] ~= id and match(all[i + 1], ' 1$') then visible[#visible + 1] = all[i] end
            end
            local present = {}
            for at = 1, #visible, 500 do
                for name, yes in pairs(connected({ unpack(visible, at, math.min(at + 499, #visible)) })) do present[name] = yes end
            end
            for i = 1, #all, 2 do
                local name = all[i]
                if name ~= '#' then
                    local s, seen, absent, l, v = match(all[i + 1], '(%d+) (%d+) (%d+) (%d+) (%d)')
                    local dead = now - math.max(seen, from) > l + 0
                    if present[name] == false then
                        if absent == '0' then redis.call('HSET', fleet, name, format('%s %s %d %s %s', s, seen, now, l, v))
                        elseif now - math.max(absent, from) >= {{Absence}} then dead = true end
                    elseif present[name] and absent ~= '0' then
                        redis.call('HSET', fleet, name, format('%s %s 0 %s %s', s, seen, l, v))
                    end
                    if dead then
                        redis.call('HDEL', fleet, name)
                        generation = generation + 1
                    else
                        members = members + 1
                    end
                end
            end
            redis.call('PEXPIRE', fleet, 3600000)
        end
        redis.call('HSET', fleet, '#', format('%d %d %d %d %d', from, now, watched, generation, members))
        local recovers = now < from + {{Recovery}}
        local answer = { 0, members }

        local living
        for i = 2, #KEYS do
            local key, at = KEYS[i], {{ArgumentsOfCall}} + (i - 2) * {{ArgumentsOfLimit}}
            local rate, used, weight = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
            local content, takes = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
            -- A limit: sums over its members (weight, content responses, what they take, shares), its members, the lowest rate.
            local both = redis.call('HMGET', key, '#', id)
            local W, C, B, G, n, least, gen, touched = 0, 0, 0, 0, 0, rate, generation, 0
            if both[1] then
                local a, b, c, d, e, f, g, h = match(both[1], '(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)')
                W, C, B, G, n, least, gen, touched = a + 0, b + 0, c + 0, d + 0, e + 0, f + 0, g + 0, h + 0
            end
            local own
            if both[2] then
                local w, c, b, g, r = match(both[2], '(%d+) (%d+) (%d+) (%d+) (%d+)')
                own = r + 0
                W, C, B, G, n = W - w, C - c, B - b, G - g, n - 1
            end
            if gen ~= generation or (own and own ~= rate) then
                -- Someone has died, or the rates have to be compared anew.
                if not living then
                    living = {}
                    for _, name in ipairs(redis.call('HKEYS', fleet)) do living[name] = true end
                end
                W, C, B, G, n, least = 0, 0, 0, 0, 0, rate
                local all = redis.call('HGETALL', key)
                for j = 1, #all, 2 do
                    local name = all[j]
                    if name ~= '#' and name ~= id then
                        if living[name] then
                            local w, c, b, g, r = match(all[j + 1], '(%d+) (%d+) (%d+) (%d+) (%d+)')
                            W, C, B, G, n, least = W + w, C + c, B + b, G + g, n + 1, math.min(least, r)
                        else
                            redis.call('HDEL', key, name)
                        end
                    end
                end
            end
            least = math.min(least, rate)
            if weight == 0 then
                -- It gives the limit up.
                if n == 0 then redis.call('DEL', key)
                else
                    redis.call('HDEL', key, id)
                    redis.call('HSET', key, '#', format('%d %d %d %d %d %d %d %d', W, C, B, G, n, least, generation, touched))
                end
                answer[#answer + 1], answer[#answer + 2] = 0, n
            else
                W, C, B, G, n = W + weight, C + content * 100, B + takes, G + used, n + 1
                -- The level: what each hungry response gets. Content ones that take more than it are held to it.
                local level = math.max((least - B) / W, least / (W + C))
                local fair = floor(math.min(takes, content * 100 * level) + weight * level)
                local share, granted = fair, used
                if fair > used then
                    -- Only by what the others have given up already.
                    if recovers then share = used
                    else share = math.min(fair, used + math.max(0, least - G)) end
                    granted = share
                end
                G = G - used + granted
                redis.call('HSET', key, id, format('%d %d %d %d %d', weight, content * 100, takes, granted, rate))
                if now - touched > 10000 then
                    touched = now
                    redis.call('PEXPIRE', key, 60000)
                end
                redis.call('HSET', key, '#', format('%d %d %d %d %d %d %d %d', W, C, B, G, n, least, generation, touched))
                answer[#answer + 1], answer[#answer + 2] = share, n
            end
        end
        return answer
        """;
}
