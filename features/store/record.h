/* Private to features/store: commit records and what they add up to. Local, all of it.
 *
 * A record is JSON lines, one action each:
 *   {"commit":{"v","parent","parent_sha256","ict_ns","txn","op","message","keys",
 *              "partition_by","state","writer"}}
 *   {"schema":[..]}  {"remove":{"path"}} {"add":{"path","rows","bytes","sha256","content","stats"}}
 *   {"dq":{..}}  {"lineage":{..}}  {"end":{"lines","sha256"}}
 * `end` holds the number of lines above it and the SHA-256 of their bytes. */
#ifndef QUERN_FEATURES_STORE_RECORD_H
#define QUERN_FEATURES_STORE_RECORD_H

#include "features/store/sha256.h"
#include "features/store/store.h"

/* The sum of the records up to one. */
typedef struct store_state {
    int64_t version; /* -1: none yet */
    int64_t time;    /* of the last commit: grows strictly */
    char sha256[QN_SHA256_TEXT];
    json_t *schema;  /* array, NULL before version 0 */
    json_t *parts;   /* object: path -> add, in row order */
    json_t *commit;  /* of the last record */
    json_t *quality; /* an array of the last record's rules, or NULL */
    json_t *lineage; /* of the last record, or NULL */
} store_state;

QN_CHECKED qn_status store_state_init(store_state *state);
void store_state_clear(store_state *state);

/* Number of the newest version that is visible, -1 if there is none. */
QN_CHECKED qn_status store_head(const char *store, const char *group, int64_t *out);

/* Applies the next record (version + 1) after verifying it. */
QN_CHECKED qn_status store_state_next(store_state *state, const char *store, const char *group);

/* Applies records up to `version` (QN_STORE_LATEST: the head). INPUT error if there is none. */
QN_CHECKED qn_status store_state_advance(store_state *state, const char *store, const char *group,
                                         int64_t version);

/* Applies one action to the parts: {"add":..}, {"remove":..}. */
QN_CHECKED qn_status store_state_apply(store_state *state, const json_t *action);

/* Rows and digest of the table that the parts are. */
QN_CHECKED qn_status store_state_measure(const store_state *state, int64_t *rows,
                                         char digest[QN_DIGEST_TEXT]);

/* What is to be committed. */
typedef struct store_change {
    const char *store, *group;
    const qn_store_options *options;
    int ranks;
    json_t *schema; /* array */
    json_t *adds;   /* array of add objects, in row order */
} store_change;

/* Commits as the next free version. *visible: true if the version is, or
 * may be, there, also on failure: its parts must stay. */
QN_CHECKED qn_status store_commit(const store_change *change, qn_store_version *out, bool *visible);

/* "00000000000000000042.json" */
enum { STORE_RECORD_NAME = 32 };
void store_record_name(int64_t version, char out[STORE_RECORD_NAME]);

#endif
