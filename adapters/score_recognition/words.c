/* Numbers, codes and UUIDs as texts. */
#include <string.h>

#include "scores.h"

enum { CODE_MAX = 64, POINT_DIGITS = 7, DECIMALS = 2 };

int64_t score_points_parse(const char *text)
{
    int64_t v = 0;
    size_t i = 0, decimals = 0;
    for (; text[i] >= '0' && text[i] <= '9' && i < POINT_DIGITS; i++)
        v = v * 10 + (text[i] - '0');
    if (i == 0)
        return -1;
    if (text[i] == '.') {
        for (i++; text[i] >= '0' && text[i] <= '9' && decimals < DECIMALS; i++, decimals++)
            v = v * 10 + (text[i] - '0');
        if (decimals == 0)
            return -1;
    }
    for (; decimals < DECIMALS; decimals++)
        v *= 10;
    return text[i] == '\0' ? v : -1;
}

bool score_code_ok(const char *text)
{
    size_t n = 0;
    for (; text[n] != '\0'; n++) {
        char ch = text[n];
        if (n == CODE_MAX ||
            !((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '.'))
            return false;
    }
    return n != 0;
}

bool score_words_have(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; len != 0 && (at = strstr(at, word)) != NULL; at += len)
        if ((at == words || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
            return true;
    return false;
}

int score_text_fit(const char *text, int max)
{
    int n = (int)strnlen(text, (size_t)max + 1);
    if (n <= max)
        return n;
    for (n = max; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
        n--;
    return n;
}

static int hex(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    if (ch >= 'a' && ch <= 'f')
        return ch - 'a' + 10;
    return ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;
}

static bool hyphen_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool score_uuid_parse(const char *text, uint8_t ret[16])
{
    uint8_t id[16];
    size_t n = 0;
    if (strlen(text) != 36)
        return false;
    for (size_t i = 0; i < 36; i++) {
        if (hyphen_at(i)) {
            if (text[i] != '-')
                return false;
            continue;
        }
        int high = hex(text[i]), low = hex(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        id[n++] = (uint8_t)(high << 4 | low);
        i++;
    }
    memcpy(ret, id, sizeof(id));
    return true;
}

void score_uuid_write(const uint8_t id[16], char ret[37])
{
    static const char digit[] = "0123456789abcdef";
    size_t n = 0;
    for (size_t i = 0; i < 16; i++) {
        if (hyphen_at(n))
            ret[n++] = '-';
        ret[n++] = digit[id[i] >> 4];
        ret[n++] = digit[id[i] & 15];
    }
    ret[n] = '\0';
}
