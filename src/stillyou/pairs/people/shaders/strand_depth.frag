#version 430
in vec3 world, tangent, tint;
in vec2 along;
in float opacity;

void main() { if (opacity < .5) discard; }
