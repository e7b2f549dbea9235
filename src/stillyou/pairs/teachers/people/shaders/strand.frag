#version 430
in vec4 lamps;
in vec3 tint, shine, around;
layout(location = 0) out vec4 direct;
layout(location = 1) out vec4 base;
layout(location = 2) out vec4 gloss;
layout(location = 3) out vec4 indirect;
uniform float role;

void main() {
    direct = lamps;
    base = vec4(tint, role);
    gloss = vec4(shine, 0.);
    indirect = vec4(around, 1.);
}
