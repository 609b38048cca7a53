/* Criterion under ThreadSanitizer on x86-64. Criterion maps the memory that it shares with its
 * workers at an address of rand_r's choice, nearly always one that ThreadSanitizer refuses to map;
 * then no test starts. This rand_r takes the place of libc's and chooses among addresses that are
 * allowed. Criterion uses 0x200000000000 + (result << 24); 0x566000000000 to 0x568000000000 is
 * application memory, above where the kernel puts position-independent programs. */
#include <stdlib.h>

#define FIRST_SLOT 0x366000
#define SLOTS 0x2000

int rand_r(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return (int)(FIRST_SLOT + (*seed >> 16) % SLOTS);
}
