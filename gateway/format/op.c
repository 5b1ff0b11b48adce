/* The table of operators. Each pair of functions is in the op_*.c of its kind of value. */
#include "format/format_internal.h"

static const struct gw_op ops[] = {
#define GW_OP_ROW(name, dec, enc, types, asks)                                                     \
    {name, types, gw_op_##dec##_decode, gw_op_##enc##_encode, asks},
#include "format/op.def"
#undef GW_OP_ROW
};

const struct gw_op *gw_op_at(size_t i)
{
    return i < GW_ARRAY_LEN(ops) ? &ops[i] : NULL;
}

const struct gw_op *gw_op_find(const char *name)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(ops); i++) {
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    }
    return NULL;
}
