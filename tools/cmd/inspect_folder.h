/* What a folder that quern made holds. */
#ifndef QUERN_TOOLS_INSPECT_FOLDER_H
#define QUERN_TOOLS_INSPECT_FOLDER_H

#include "core/status.h"

#include <jansson.h>

/* Local. Describes a store, STORE/groups/NAME[@VERSION] or a run directory; *out stays NULL if the
 * path is no folder. INPUT error for other folders. */
QN_CHECKED qn_status qn_inspect_folder(const char *path, json_t **out);

#endif
