#version 430
in vec3 world, normal, rest;
in vec4 aux;
#include "common.glsl"
#include "cut"

void main() { if (cut(rest, aux)) discard; }
