/* Private to mpi/part*.c: the distinct strings of a column, up to a bound, and their codes. */
#ifndef QUERN_MPI_PART_DICTIONARY_H
#define QUERN_MPI_PART_DICTIONARY_H

#include "core/column/column.h"

enum { PART_DICTIONARY_LIMIT = 65536 };

typedef struct part_dictionary {
    int32_t count;
    bool overflow; /* more than the limit: the content is then meaningless */
    int64_t entry_capacity, chars_length, chars_capacity;
    int64_t *offsets; /* count + 1 */
    char *chars;
    int32_t *table; /* open addressing, code or -1 */
    int32_t table_size;
} part_dictionary;

void part_dictionary_init(part_dictionary *dictionary);
void part_dictionary_clear(part_dictionary *dictionary);

QN_CHECKED qn_status part_dictionary_add(part_dictionary *dictionary, qn_view text);
int32_t part_dictionary_find(const part_dictionary *dictionary, qn_view text); /* or -1 */
qn_view part_dictionary_entry(const part_dictionary *dictionary, int32_t code);

/* Puts the entries in byte order and numbers them so. */
QN_CHECKED qn_status part_dictionary_sort(part_dictionary *dictionary);

/* As bytes (appended), and the entries of such bytes added. */
QN_CHECKED qn_status part_dictionary_pack(const part_dictionary *dictionary, qn_text *out);
QN_CHECKED qn_status part_dictionary_unpack(part_dictionary *dictionary, const char *data,
                                            int64_t length);

#endif
