/* Which agreement a question is asked under, and which band a score is in. */
#include <string.h>

#include "scores.h"

bool score_texts_have(char *const *texts, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i], word) == 0)
            return true;
    return false;
}

bool score_agreement_in_force(const struct score_agreement *a, int32_t today)
{
    return a->from <= today && today <= a->until;
}

const struct score_band *score_band_of(const struct score_agreement *a, int64_t hundredths)
{
    const struct score_band *found = NULL;
    for (size_t i = 0; i < a->band_count && a->band[i].from <= hundredths; i++)
        found = &a->band[i];
    return found;
}

const struct score_agreement *score_terms_find(const struct score_terms *t, int32_t today,
                                               const char *id, const char *peer,
                                               const char *purpose, const char *scene,
                                               char *ret_lacking)
{
    *ret_lacking = 'a';
    for (size_t i = 0; i < t->agreement_count; i++) {
        const struct score_agreement *a = &t->agreement[i];
        if (!score_agreement_in_force(a, today) || strcmp(peer, t->self) == 0 ||
            !score_texts_have(a->parties, a->party_count, peer) ||
            (id != NULL && strcmp(a->id, id) != 0))
            continue;
        bool has_purpose =
            purpose == NULL || score_texts_have(a->purposes, a->purpose_count, purpose);
        if (has_purpose && (scene == NULL || score_texts_have(a->scenes, a->scene_count, scene)))
            return a;
        if (has_purpose)
            *ret_lacking = 's';
        else if (*ret_lacking == 'a')
            *ret_lacking = 'p';
    }
    return NULL;
}
