/* A row for a method that its .proto does not have. */
#include "probe.h"

PROBE_ENTRY("row_unknown", probe_methods[0].name = "Listen")
