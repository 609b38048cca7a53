#include "bench/settings.h"

#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include <waldo/abi.h>

static const double DEFAULT_SECONDS = 0.3, MOST_SECONDS = 3600;

static const char usage[] =
    "usage: waldo-bench [--peers] [--quick] [--time SECONDS] [--only PATTERN]\n"
    "                   [--json FILE] [--plot FILE] [--markdown FILE]\n"
    "\n"
    "  --peers          also raw sockets, libnanomsg, Redis and CPython's managers\n"
    "  --quick          3 rounds instead of 9\n"
    "  --time SECONDS   of each row in each round; 0.3\n"
    "  --only PATTERN   rows whose names match, such as 'call.*' or '@(call|payload).tcp'\n"
    "  --list           print the names of the rows and measure nothing\n"
    "  --json FILE      write the results for programs\n"
    "  --plot FILE      draw latency against load, as SVG\n"
    "  --markdown FILE  replace what that file has between <!-- waldo-bench --> and\n"
    "                   <!-- /waldo-bench -->, with the plot if it is in the same directory\n"
    "  --version, --help\n";

static const struct option options[] = {{"peers", no_argument, NULL, 'p'},
                                        {"quick", no_argument, NULL, 'q'},
                                        {"time", required_argument, NULL, 't'},
                                        {"only", required_argument, NULL, 'o'},
                                        {"list", no_argument, NULL, 'l'},
                                        {"json", required_argument, NULL, 'j'},
                                        {"plot", required_argument, NULL, 's'},
                                        {"markdown", required_argument, NULL, 'm'},
                                        {"version", no_argument, NULL, 'v'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};

static bool read_seconds(const char *text, double *ret_seconds)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds > 0 && seconds <= MOST_SECONDS))
        return false;
    *ret_seconds = seconds;
    return true;
}

/* False: it is none of them, or has a bad argument. */
static bool take(settings *chosen, int option)
{
    const char **text = NULL;
    switch (option) {
    case 'p':
        chosen->peers = true;
        return true;
    case 'q':
        chosen->quick = true;
        return true;
    case 'l':
        chosen->list = true;
        return true;
    case 't':
        return read_seconds(optarg, &chosen->seconds);
    case 'o':
        text = &chosen->pattern;
        break;
    case 'j':
        text = &chosen->json;
        break;
    case 's':
        text = &chosen->plot;
        break;
    case 'm':
        text = &chosen->markdown;
        break;
    default:
        return false;
    }
    *text = optarg;
    return true;
}

bool settings_read(int argc, char **argv, settings *ret_settings, int *ret_status)
{
    settings chosen = {.seconds = DEFAULT_SECONDS};
    bool good = true;
    for (int option; good && (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'v' || option == 'h') {
            fputs(option == 'v' ? "waldo-bench " WALDO_VERSION "\n" : usage, stdout);
            *ret_status = 0;
            return false;
        }
        good = take(&chosen, option);
    }
    if (!good || optind < argc) {
        fputs(usage, stderr);
        *ret_status = 2;
        return false;
    }
    *ret_settings = chosen;
    return true;
}

bool settings_want(const settings *chosen, const char *name, bool is_peer)
{
    return (chosen->peers || !is_peer) &&
           (!chosen->pattern || fnmatch(chosen->pattern, name, FNM_EXTMATCH) == 0);
}
