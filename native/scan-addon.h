/** The doors to what brings files of scans to volumes: src/scan/native-codec.ts calls them. */
#pragma once
#include <node_api.h>

napi_value inflateScan(napi_env env, napi_callback_info info);
napi_value unpackPng(napi_env env, napi_callback_info info);
napi_value reduceSlice(napi_env env, napi_callback_info info);
