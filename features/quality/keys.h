/* For rules where other rows decide: the numbered key columns of the data, and rows marked by
 * number. Private to features/quality. */
#ifndef QUERN_FEATURES_QUALITY_KEYS_H
#define QUERN_FEATURES_QUALITY_KEYS_H

#include "features/quality/rule.h"

/* Local. Over scene->in, from its start: source row number "r" (int64), then the rule's columns as
 * "k0", "k1" ...; rows with a null among them are left out. `range` gets the rows of this rank as
 * they are read; it must be there until then. */
QN_CHECKED qn_status qn_keys_open(qn_stream **out, const qn_rule *rule, const qn_rule_scene *scene,
                                  qn_row_range *range);

/* Collective. Reads a stream whose first column is a source row number to its end and frees it,
 * then marks these rows on the ranks that have them. `range` is as qn_keys_open filled it by then.
 */
QN_CHECKED qn_status qn_keys_mark(qn_rule *rule, const qn_rule_scene *scene, qn_stream *rows,
                                  const qn_row_range *range);

#endif
