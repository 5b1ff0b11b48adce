/* Answers, and then once more. */
#include "contained.h"

CONTAINED(ask, probe_ask(self, c, state, message, item))
PROBE_ENTRY("answers_twice", probe_methods[0].message = ask)
