/* Small data sets of R, and streams of them for every rank. */
#ifndef QUERN_TESTS_ML_DATA_H
#define QUERN_TESTS_ML_DATA_H

#include "core/memory.h"
#include "core/stream.h"
#include "tests/harness/harness.h"

#include <string.h>

/* R's longley: GNP.deflator, GNP, Unemployed, Armed.Forces, Population, Year, Employed. */
static const double longley[16][7] = {{83.0, 234.289, 235.6, 159.0, 107.608, 1947.0, 60.323},
                                      {88.5, 259.426, 232.5, 145.6, 108.632, 1948.0, 61.122},
                                      {88.2, 258.054, 368.2, 161.6, 109.773, 1949.0, 60.171},
                                      {89.5, 284.599, 335.1, 165.0, 110.929, 1950.0, 61.187},
                                      {96.2, 328.975, 209.9, 309.9, 112.075, 1951.0, 63.221},
                                      {98.1, 346.999, 193.2, 359.4, 113.27, 1952.0, 63.639},
                                      {99.0, 365.385, 187.0, 354.7, 115.094, 1953.0, 64.989},
                                      {100.0, 363.112, 357.8, 335.0, 116.219, 1954.0, 63.761},
                                      {101.2, 397.469, 290.4, 304.8, 117.388, 1955.0, 66.019},
                                      {104.6, 419.18, 282.2, 285.7, 118.734, 1956.0, 67.857},
                                      {108.4, 442.769, 293.6, 279.8, 120.445, 1957.0, 68.169},
                                      {110.8, 444.546, 468.1, 263.7, 121.95, 1958.0, 66.513},
                                      {112.6, 482.704, 381.3, 255.2, 123.366, 1959.0, 68.655},
                                      {114.2, 502.601, 393.1, 251.4, 125.368, 1960.0, 69.564},
                                      {115.7, 518.173, 480.6, 257.2, 127.852, 1961.0, 69.331},
                                      {116.9, 554.894, 400.7, 282.7, 130.081, 1962.0, 70.551}};

/* R's mtcars: mpg, wt, hp, qsec, cyl. */
static const double mtcars[32][5] = {
    {21.0, 2.62, 110.0, 16.46, 6.0},  {21.0, 2.875, 110.0, 17.02, 6.0},
    {22.8, 2.32, 93.0, 18.61, 4.0},   {21.4, 3.215, 110.0, 19.44, 6.0},
    {18.7, 3.44, 175.0, 17.02, 8.0},  {18.1, 3.46, 105.0, 20.22, 6.0},
    {14.3, 3.57, 245.0, 15.84, 8.0},  {24.4, 3.19, 62.0, 20.0, 4.0},
    {22.8, 3.15, 95.0, 22.9, 4.0},    {19.2, 3.44, 123.0, 18.3, 6.0},
    {17.8, 3.44, 123.0, 18.9, 6.0},   {16.4, 4.07, 180.0, 17.4, 8.0},
    {17.3, 3.73, 180.0, 17.6, 8.0},   {15.2, 3.78, 180.0, 18.0, 8.0},
    {10.4, 5.25, 205.0, 17.98, 8.0},  {10.4, 5.424, 215.0, 17.82, 8.0},
    {14.7, 5.345, 230.0, 17.42, 8.0}, {32.4, 2.2, 66.0, 19.47, 4.0},
    {30.4, 1.615, 52.0, 18.52, 4.0},  {33.9, 1.835, 65.0, 19.9, 4.0},
    {21.5, 2.465, 97.0, 20.01, 4.0},  {15.5, 3.52, 150.0, 16.87, 8.0},
    {15.2, 3.435, 150.0, 17.3, 8.0},  {13.3, 3.84, 245.0, 15.41, 8.0},
    {19.2, 3.845, 175.0, 17.05, 8.0}, {27.3, 1.935, 66.0, 18.9, 4.0},
    {26.0, 2.14, 91.0, 16.7, 4.0},    {30.4, 1.513, 113.0, 16.9, 4.0},
    {15.8, 3.17, 264.0, 14.5, 8.0},   {19.7, 2.77, 175.0, 15.5, 6.0},
    {15.0, 3.57, 335.0, 14.6, 8.0},   {21.4, 2.78, 109.0, 18.6, 4.0}};

/* Which columns of a row-major table play which role; weight -1: none. */
typedef struct sample {
    const double *values;
    int rows, columns;
    int features[8], width; /* width features, by column; more than 8: the first columns */
    int label, weight;
    bool sparse;
} sample;

static inline qn_column *sample_vector(const sample *from, int first, int count) {
    qn_column *column = NULL;
    int width = from->width;
    int32_t stored = 0;
    QN_TEST_OK(from->sparse ? qn_column_new_sparse(&column, count, width, (int64_t)count * width)
                            : qn_column_new(&column, QN_VECTOR, count, width));
    for (int i = 0; i < count; i++)
        for (int j = 0; j < width; j++) {
            int at = width > 8 ? j : from->features[j];
            double x = from->values[(first + i) * from->columns + at];
            if (!from->sparse) {
                column->f64[i * width + j] = x;
                continue;
            }
            column->offsets[i + 1] = stored;
            if (x == 0)
                continue;
            column->indices[stored] = j;
            column->f64[stored++] = x;
            column->offsets[i + 1] = stored;
        }
    return column;
}

static inline qn_column *sample_numbers(const sample *from, int first, int count, int index) {
    qn_column *column = NULL;
    QN_TEST_OK(qn_column_new(&column, QN_FLOAT64, count, 0));
    for (int i = 0; i < count; i++)
        column->f64[i] = from->values[(first + i) * from->columns + index];
    return column;
}

static inline void sample_schema(const sample *from, qn_schema *schema) {
    qn_field features = {.name = (char *)"features", .type = QN_VECTOR, .width = from->width};
    qn_schema_init(schema);
    QN_TEST_OK(qn_schema_add_field(schema, &features));
    QN_TEST_OK(qn_schema_add(schema, "label", QN_FLOAT64));
    if (from->weight >= 0)
        QN_TEST_OK(qn_schema_add(schema, "weight", QN_FLOAT64));
}

/* A stream of `part` of `parts` of the sample, in batches of 5 rows. */
static inline qn_stream *sample_stream(const sample *from, int part, int parts) {
    enum { ROWS = 5 };
    int batches = (from->rows + ROWS - 1) / ROWS;
    qn_table table;
    qn_stream *stream = NULL;
    qn_table_init(&table);
    sample_schema(from, &table.schema);
    for (int b = batches * part / parts; b < batches * (part + 1) / parts; b++) {
        int first = b * ROWS, count = from->rows - first < ROWS ? from->rows - first : ROWS;
        qn_batch batch;
        qn_batch_init(&batch);
        batch.length = count;
        batch.first_row = (int64_t)b * QN_BATCH_ROWS;
        QN_TEST_OK(qn_batch_append(&batch, sample_vector(from, first, count)));
        QN_TEST_OK(qn_batch_append(&batch, sample_numbers(from, first, count, from->label)));
        if (from->weight >= 0)
            QN_TEST_OK(qn_batch_append(&batch, sample_numbers(from, first, count, from->weight)));
        QN_TEST_OK(qn_table_add(&table, &batch));
    }
    QN_TEST_OK(qn_table_stream(&stream, &table));
    qn_table_clear(&table);
    return stream;
}

/* This rank's share. */
static inline qn_stream *sample_share(const sample *from) {
    return sample_stream(from, qn_comm_rank(qn_test_comm()), qn_comm_size(qn_test_comm()));
}

#endif
