/* The session protocol: server/session.c and kept.c, runtime/proxy/pending.c. A client makes calls,
 * each of which gets an item out of a queue; connections break at any time with what is on its way in
 * either direction; the client asks again with the same number. The session may end by its lease, and
 * the client may be killed. Acknowledgements travel with requests.
 *
 * What must hold: no request is executed twice; what a call gives is what its execution gave; every
 * item is in the queue, with the client, or in a reply that the server keeps, and when the session has
 * ended it is in the queue or with the client, and never in both unless the client had not acknowledged
 * it.
 *
 * Wrong on purpose: -DRUN_TWICE, a request that comes again is executed again; -DFORGET_EARLY, the
 * server forgets a reply when it has sent it; -DNO_UNDO, the end of a session gives nothing back. */
#ifndef CALLS
#define CALLS 3
#endif
#ifndef CUTS
#define CUTS 2
#endif
#define NONE 0

chan to_server = [1] of { byte, byte }; /* number of the request; all up to this one are acknowledged */
chan to_client = [1] of { byte, byte }; /* number of the request; the item */

byte queue = CALLS;           /* items left: the number CALLS is got first */
byte executed[CALLS + 1];     /* how often */
byte kept[CALLS + 1];         /* the item of the reply that is kept for it */
bool has_kept[CALLS + 1];
byte got[CALLS + 1];          /* what the client's call gave */
byte acknowledged;            /* as the server knows it */
byte returned;                /* items that came back */
byte cuts;
bool session_over, client_gone;

active proctype client()
{
    byte number = 1, item, reply_to;
    do
    :: number > CALLS -> break
    :: number <= CALLS ->
       /* Asks; again, if the connection is another one. */
       do
       :: atomic { session_over -> goto end }
       :: atomic { nfull(to_server) && empty(to_server) && empty(to_client) ->
              to_server ! number, number - 1 }
       :: atomic { to_client ? reply_to, item ->
              if
              :: reply_to == number -> got[number] = item; break
              :: else
              fi }
       :: atomic { !client_gone -> client_gone = true; goto end } /* killed */
       od;
       number++
    od;
    client_gone = true;
end:
    client_gone = true
}

active proctype network()
{
end:
    do
    :: atomic { cuts < CUTS && nempty(to_server) -> to_server ? _, _; cuts++ }
    :: atomic { cuts < CUTS && nempty(to_client) -> to_client ? _, _; cuts++ }
    od
}

inline execute(number)
{
    executed[number]++;
    assert(executed[number] == 1);
    kept[number] = queue;
    has_kept[number] = true;
    queue--
}

inline acknowledge(up_to)
{
    do
    :: acknowledged < up_to ->
       acknowledged++;
       has_kept[acknowledged] = false
    :: else -> break
    od
}

active proctype server()
{
    byte number, up_to, i;
end:
    do
    :: atomic { to_server ? number, up_to ->
           acknowledge(up_to);
           if
           :: number <= acknowledged -> skip /* refused: it was acknowledged before */
           :: number > acknowledged && has_kept[number] ->
#ifdef RUN_TWICE
              execute(number)
#else
              skip
#endif
           :: number > acknowledged && !has_kept[number] -> execute(number)
           fi;
           if
           :: number > acknowledged -> to_client ! number, kept[number]
           :: else
           fi;
#ifdef FORGET_EARLY
           has_kept[number] = false
#endif
       }
    /* The lease ends: the client is gone, or was not heard. */
    :: atomic { !session_over && (client_gone || cuts == CUTS) ->
           session_over = true;
#ifndef NO_UNDO
           i = 1;
           do
           :: i <= CALLS ->
              if
              :: has_kept[i] -> has_kept[i] = false; returned++
              :: else
              fi;
              i++
           :: else -> break
           od;
#endif
           break
       }
    od;
    /* Nothing is lost, and what was acknowledged does not come again. */
    atomic {
        byte with_client = 0, known = 0;
        i = 1;
        do
        :: i <= CALLS ->
           if
           :: got[i] != NONE -> with_client++; assert(got[i] == CALLS + 1 - i)
           :: else
           fi;
           if
           :: i <= acknowledged -> known++; assert(got[i] != NONE)
           :: else
           fi;
           i++
        :: else -> break
        od;
        assert(queue + returned + with_client >= CALLS);
        assert(queue + returned + known <= CALLS)
    }
}
