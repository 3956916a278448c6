/** The door from JavaScript to a step of the weights. What the arguments are: step-addon.cc. */
#pragma once
#include <node_api.h>

napi_value addSlot(napi_env env, napi_callback_info info);
napi_value divide(napi_env env, napi_callback_info info);
napi_value sgd(napi_env env, napi_callback_info info);
napi_value adam(napi_env env, napi_callback_info info);
