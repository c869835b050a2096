/* The client library of Merlon: everything that an application needs to speak to a oneM2M CSE.
 *
 * base.h tells the rules, docs/guide/client.md the way in, examples/first_steps.c shows it. */
#pragma once

#include "merlon/base.h"
#include "merlon/client.h"
#include "merlon/content.h"
#include "merlon/data.h"
#include "merlon/json.h"
#include "merlon/names.h"
#include "merlon/protect.h"
#include "merlon/receiver.h"
#include "merlon/request.h"
#include "merlon/response.h"
#include "merlon/target.h"
