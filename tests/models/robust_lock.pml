/* The lock in shared memory that outlives its owner: runtime/memory/robust.c, one statement for each
 * atomic operation there. A futex is a set of sleepers; waking takes one of them out.
 *
 * Wrong on purpose: -DSTEAL, whoever wakes up takes the lock without asking whether its owner lives;
 * -DFORGET_WAITERS, whoever has slept takes it without saying that others may wait. */
#ifndef PROCESSES
#define PROCESSES 3
#endif
#ifndef KILLS
#define KILLS 1
#endif
#define NOBODY 0

byte owner;             /* the word: 0, or 1 + the process */
bool waits;             /* its spare bit */
bool asleep[PROCESSES]; /* on the futex */
bool dead[PROCESSES];
bool inside[PROCESSES];
byte alive_inside;
byte kills;

inline die(i)
{
    atomic {
        kills < KILLS;
        kills++;
        dead[i] = true;
        asleep[i] = false;
        if
        :: inside[i] -> alive_inside--; inside[i] = false
        :: else
        fi;
        goto end
    }
}

inline enter(i)
{
    inside[i] = true;
    alive_inside++;
    assert(alive_inside == 1)
}

/* One sleeper is taken out of the futex, whichever. */
inline wake_one()
{
    if
    :: asleep[0] -> asleep[0] = false
    :: asleep[1] -> asleep[1] = false
#if PROCESSES > 2
    :: asleep[2] -> asleep[2] = false
#endif
    :: !asleep[0] && !asleep[1] && (PROCESSES < 3 || !asleep[PROCESSES - 1]) -> skip
    fi
}

active [PROCESSES] proctype process()
{
    byte seen;
    bool seen_waits, mine_waits, ask;
    byte i = _pid;

again:
    mine_waits = false;
    do
    :: die(i)
    :: atomic { owner == NOBODY -> owner = i + 1; waits = mine_waits; enter(i); break }
    :: atomic { owner != NOBODY -> seen = owner; seen_waits = waits }
       /* sleep_on: says that it waits, if nobody has */
       if
       :: die(i)
       :: atomic { seen_waits -> skip }
       :: atomic { !seen_waits && owner == seen && !waits -> waits = true; seen_waits = true }
       :: atomic { !seen_waits && !(owner == seen && !waits) -> goto look }
       fi;
       /* futex_wait: sleeps only while the word is what was seen */
       if
       :: die(i)
       :: atomic { owner == seen && waits == seen_waits -> asleep[i] = true; ask = false }
          if
          :: die(i)
          :: atomic { !asleep[i] -> skip }
          /* from time to time it looks by itself; that helps where somebody died */
          :: atomic { asleep[i] && kills > 0 -> asleep[i] = false; ask = true }
          fi
       :: atomic { !(owner == seen && waits == seen_waits) -> skip }
       fi;
#ifndef FORGET_WAITERS
       mine_waits = true;
#endif
       if
       :: die(i)
#ifdef STEAL
       :: atomic { ask && owner != NOBODY -> owner = i + 1; waits = mine_waits; enter(i); break }
#else
       :: atomic { ask && owner != NOBODY && dead[owner - 1] ->
              owner = i + 1; waits = mine_waits; enter(i); break }
#endif
       :: atomic { !(ask && owner != NOBODY && dead[owner - 1]) -> skip }
       fi;
look:  ask = false
    od;
    /* inside */
    if
    :: die(i)
    :: atomic { inside[i] = false; alive_inside--; seen_waits = waits; owner = NOBODY; waits = false }
    fi;
    if
    :: die(i)
    :: atomic { seen_waits -> wake_one() }
    :: atomic { !seen_waits -> skip }
    fi;
    if
    :: goto again
    :: skip
    fi;
end:
    skip
}
