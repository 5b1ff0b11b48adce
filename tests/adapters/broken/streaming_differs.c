/* The .proto says stream, the row says unary. */
#include "probe.h"

PROBE_ENTRY("streaming_differs", probe_methods[0].name = "Tell")
