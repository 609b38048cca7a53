#include "bench/histogram.h"

#include <math.h>
#include <stddef.h>

/* Below two times the steps every nanosecond has its bucket; above, each power of two has as many
 * as there are steps. */
static size_t bucket_of(uint64_t value)
{
    unsigned shift = 0;
    while (value >> shift >= 2 * HISTOGRAM_STEPS)
        shift++;
    size_t bucket = (size_t)shift * HISTOGRAM_STEPS + (size_t)(value >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static double middle_of(size_t bucket)
{
    if (bucket < 2 * HISTOGRAM_STEPS)
        return (double)bucket;
    size_t shift = bucket / HISTOGRAM_STEPS - 1;
    double low = (double)(bucket - shift * HISTOGRAM_STEPS);
    return ldexp(low + 0.5, (int)shift);
}

void histogram_add(histogram *to, uint64_t nanoseconds)
{
    to->counts[bucket_of(nanoseconds)]++;
    to->total++;
}

void histogram_merge(histogram *to, const histogram *from)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        to->counts[i] += from->counts[i];
    to->total += from->total;
}

double histogram_at(const histogram *from, double share)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += from->counts[i];
        if (seen > 0 && (double)seen >= share * (double)from->total)
            return middle_of(i);
    }
    return 0;
}
