/* The queue in shared memory: runtime/memory/ring.c and queue.c. Two writers and two readers, each of
 * which may be killed between any two operations; the locks are those of robust_lock.pml, here one
 * statement each, which take over from a dead owner. A record is two cells, so that it can be half
 * written and half overwritten.
 *
 * What must hold: readers get whole records, each once and in the order in which they became records;
 * none that became one is lost, but what a reader had taken when it was killed.
 *
 * Wrong on purpose: -DPUBLISH_EARLY, the tail moves before the record is written; -DCONSUME_EARLY, the
 * head moves before the record is read; -DNO_TAKEOVER, the lock of a dead process stays taken. */
#ifndef ITEMS
#define ITEMS 3
#endif
#ifndef KILLS
#define KILLS 1
#endif
#define CAPACITY 2 /* records */
#define FREE 255

byte first_half[CAPACITY], second_half[CAPACITY];
byte tail, head; /* counts; a record's place is its count modulo CAPACITY */
byte order[ITEMS + 4]; /* what became the record of this count: written by the model, not the code */
byte put_lock = FREE, get_lock = FREE;
bool dead[4];
byte kills, next_item = 1;
byte taken; /* how many records readers have made their own */

inline die()
{
    atomic { kills < KILLS; kills++; dead[_pid] = true; goto end }
}

#ifdef NO_TAKEOVER
#define MAY_TAKE(lock) (lock == FREE)
#else
#define MAY_TAKE(lock) (lock == FREE || dead[lock])
#endif

active [2] proctype writer()
{
    byte item;
    do
    :: atomic { next_item <= ITEMS -> item = next_item; next_item++ }
       if
       :: die()
       :: atomic { MAY_TAKE(put_lock) -> put_lock = _pid }
       fi;
       if
       :: die()
       :: tail - head < CAPACITY
       fi;
#ifdef PUBLISH_EARLY
       atomic { order[tail] = item; tail++ };
       if :: die() :: first_half[(tail - 1) % CAPACITY] = item fi;
       if :: die() :: second_half[(tail - 1) % CAPACITY] = item fi;
#else
       if :: die() :: first_half[tail % CAPACITY] = item fi;
       if :: die() :: second_half[tail % CAPACITY] = item fi;
       if :: die() :: atomic { order[tail] = item; tail++ } fi;
#endif
       if :: die() :: put_lock = FREE fi
    :: atomic { next_item > ITEMS -> break }
    od;
end:
    skip
}

active [2] proctype reader()
{
    byte one, other, place;
    do
    :: die()
    :: atomic { MAY_TAKE(get_lock) -> get_lock = _pid }
       if
       :: die()
       :: atomic { head == tail -> get_lock = FREE }
       :: atomic { head != tail -> place = head }
#ifdef CONSUME_EARLY
          if :: die() :: head = place + 1 fi;
#endif
          if :: die() :: one = first_half[place % CAPACITY] fi;
          if :: die() :: other = second_half[place % CAPACITY] fi;
          /* From here on it is the reader's. */
          if
          :: die()
          :: atomic {
                 assert(one == other);
                 assert(one == order[place]);
                 assert(taken == place);
                 taken++;
                 head = place + 1
             }
          fi;
          if :: die() :: get_lock = FREE fi
       fi
    :: atomic { taken == tail && next_item > ITEMS && get_lock != _pid -> break }
    od;
end:
    skip
}
