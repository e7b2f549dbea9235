#version 430
#include "ribbon.glsl"

void main() { gl_Position = projection * vec4(ribbon().world, 1.); }
