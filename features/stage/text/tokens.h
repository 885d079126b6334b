/* What the stages on texts and tokens share: each maps one column to one column.
 *
 * Tokens are list<string> columns. The tokenizers write plain items: making a dictionary costs 15
 * ns a word, hashing one or looking it up 5. The stemmer, which looks at distinct words only,
 * writes dictionary-encoded items. Stages that read tokens take both, and nulls among them. A null
 * text gives a null list, a null list stays null. */
#ifndef QUERN_FEATURES_STAGE_TEXT_TOKENS_H
#define QUERN_FEATURES_STAGE_TEXT_TOKENS_H

#include "core/column/list_builder.h"
#include "features/stage/columns.h"

/* Local. For `bind`: each input column must have type `from` (STRING or STRING_LIST); adds outputs
 * of lists. JOB errors. */
QN_CHECKED qn_status qn_tokens_bind(const qn_stage *stage, const qn_schema *in, qn_type from,
                                    qn_schema *out);

/* Local. For `transform`: appends what `map` makes of each input column. */
typedef qn_status (*qn_tokens_map)(const qn_stage *stage, const qn_column *in, qn_column **out);
QN_CHECKED qn_status qn_tokens_transform(const qn_stage *stage, const qn_schema *schema,
                                         const qn_batch *in, qn_tokens_map map, qn_batch *out);

/* Local. The words of each text of a string column, split at single blanks (core/text/words.h).
 * QN_SPLIT_LOWER: in small letters. Empty words at the end of a text are dropped, as by Java's
 * split; QN_SPLIT_NO_EMPTY drops all. ~2 ns a word of ASCII. */
enum { QN_SPLIT_LOWER = 1, QN_SPLIT_NO_EMPTY = 2 };
QN_CHECKED qn_status qn_tokens_split(const qn_column *in, int how, qn_column **out);

/* Local. Lists of the same lengths and nulls as `lists` with other items, as many as it has; takes
 * over `items`, also on failure. */
QN_CHECKED qn_status qn_tokens_with_items(const qn_column *lists, qn_column *items,
                                          qn_column **out);

/* Local. The lists with those items whose bit is set in `marks` (a bit an item of lists->items). */
QN_CHECKED qn_status qn_tokens_keep(const qn_column *lists, const uint64_t *marks, qn_column **out);

#endif
