/* Text stages on documents of 100 words in memory: nanoseconds a word, and GB/s of text.
 *
 * Limits: reading the text and writing its words once, at the bandwidth of memcpy measured in the
 * same run, is 0.5 to 1 ns a word; a look-up in a small hash table 5 ns; a stem 100 to 300 ns, once
 * a distinct word. */
#include "core/memory.h"
#include "mpi/stage.h"
#include "tests/bench/bench.h"

enum { DOCUMENTS = 4096, WORDS = 100, DISTINCT = 20000 };

/* Words of 2 to 12 letters, the first ones often, as Zipf has it. */
static int64_t put_word(char *out, uint32_t random) {
    uint32_t word = (uint32_t)(DISTINCT / (1 + (random >> 8) % DISTINCT)) * 31 + random % 97;
    uint32_t bits = word * 2654435761u;
    int64_t length = 2 + bits % 11;
    for (int64_t i = 0; i < length; i++, bits = bits * 1664525u + 1013904223u)
        out[i] = (char)((i == 0 && word % 8 == 0 ? 'A' : 'a') + (bits >> 24) % 26);
    return length;
}

/* `accents`: every tenth word gets a letter beyond ASCII. */
static qn_column *make_texts(bool accents) {
    static char text[WORDS * 20];
    qn_string_builder builder;
    qn_column *column = NULL;
    uint32_t state = 7;
    qn_string_builder_init(&builder);
    for (int64_t i = 0; i < DOCUMENTS; i++) {
        int64_t length = 0;
        for (int64_t k = 0; k < WORDS; k++) {
            state = state * 1664525u + 1013904223u;
            length += put_word(text + length, state);
            if (accents && k % 10 == 0) {
                memcpy(text + length, "\xc3\x89", 2);
                length += 2;
            }
            text[length++] = ' ';
        }
        need(qn_string_builder_add(&builder, (qn_view){text, length - 1}));
    }
    need(qn_string_builder_finish(&builder, &column));
    return column;
}

static void measure_memcpy(const qn_column *texts) {
    int64_t bytes = texts->offsets[texts->length];
    char *copy = NULL;
    double best = 1e9;
    need(qn_mem_alloc(&copy, (size_t)bytes, 1));
    for (int round = 0; round < 20; round++) {
        double start = seconds();
        memcpy(copy, texts->chars, (size_t)bytes);
        __asm__ volatile("" : : "r"(copy) : "memory");
        double time = seconds() - start;
        best = time < best ? time : best;
    }
    printf("%8.2f ns/word %6.2f GB/s  memcpy of the text\n", best / DOCUMENTS / WORDS * 1e9,
           (double)bytes / best * 1e-9);
    qn_mem_free(copy);
}

/* The best of several rounds; the new column, the caller's. */
static qn_column *measure(const char *name, const char *option, const char *value, qn_column *input,
                          int64_t bytes) {
    qn_schema schema, bound;
    qn_batch batch = {.length = input->length}, out;
    double best = 1e9;
    qn_column *made = NULL;
    qn_schema_init(&schema);
    need(qn_schema_add(&schema, "in", input->type));
    need(qn_batch_append(&batch, qn_column_retain(input)));
    qn_stage *stage = make_stage(name);
    need(qn_stage_set(stage, "input_col", "in"));
    if (strcmp(name, "text_statistics") != 0)
        need(qn_stage_set(stage, "output_col", "out"));
    if (option != NULL)
        need(qn_stage_set(stage, option, value));
    qn_schema_init(&bound);
    need(qn_stage_bind(stage, &schema, &bound));
    for (int round = 0; round < 8; round++) {
        double start = seconds();
        need(qn_stage_transform(stage, &schema, &batch, &out));
        double time = seconds() - start;
        best = time < best ? time : best;
        qn_column_release(made);
        made = qn_column_retain(out.columns[1]);
        qn_batch_clear(&out);
    }
    printf("%8.2f ns/word %6.2f GB/s  %s %s%s%s\n", best / DOCUMENTS / WORDS * 1e9,
           (double)bytes / best * 1e-9, name, option != NULL ? option : "",
           option != NULL ? "=" : "", option != NULL ? value : "");
    qn_schema_clear(&schema);
    qn_schema_clear(&bound);
    qn_batch_clear(&batch);
    qn_stage_free(stage);
    return made;
}

static void measure_all(bool accents) {
    qn_column *texts = make_texts(accents);
    int64_t bytes = texts->offsets[texts->length];
    printf("%s, %.1f bytes a word\n", accents ? "a tenth of the words with an accent" : "ASCII",
           (double)bytes / DOCUMENTS / WORDS);
    measure_memcpy(texts);
    qn_column *words = measure("tokenizer", NULL, NULL, texts, bytes);
    qn_column_release(measure("regex_tokenizer", NULL, NULL, texts, bytes));
    qn_column_release(measure("regex_tokenizer", "pattern", "\\W+", texts, bytes));
    qn_column_release(measure("stop_words_remover", NULL, NULL, words, bytes));
    qn_column_release(measure("n_gram", NULL, NULL, words, bytes));
    qn_column_release(measure("stemmer", NULL, NULL, words, bytes));
    qn_column_release(measure("text_statistics", NULL, NULL, texts, bytes));
    qn_column_release(words);
    qn_column_release(texts);
}

int main(void) {
    qn_mem_keep_freed();
    measure_all(false);
    measure_all(true);
    return EXIT_SUCCESS;
}
