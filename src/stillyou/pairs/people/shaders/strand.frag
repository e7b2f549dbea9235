#version 430
in vec3 world, tangent, tint;
in vec2 along;
in float opacity;
layout(location = 0) out vec4 direct;
layout(location = 1) out vec4 base;
layout(location = 2) out vec4 gloss;
layout(location = 3) out vec4 indirect;
uniform float role;
uniform vec3 centre;        // of the head: strands are lit as a ball about it
#include "common.glsl"
#include "light.glsl"

// A point of a strand: what a material is told (first block) and what it answers (second).
struct Strand {
    vec3 world, tangent, view; float along, shade, lit;    // lit: share of the key light that reaches it
    vec3 normal;            // in and out
    vec3 albedo;
    vec3 diffuse, specular; // light of the lamps
    float occlusion;        // by the hairs about it
};
#include "material"

void main() {
    if (opacity < .5) discard;
    vec3 t = normalize(tangent), v = normalize(eye - world), n = normalize(world - centre);
    n = normalize(n - t * dot(n, t) + v * .25);
    Strand s = Strand(world, t, v, along.x, along.y, key_visible(world, n, .010), n, tint, vec3(0), vec3(0), 1.);
    strand(s);
    direct = vec4(s.diffuse * s.occlusion, dot(world - eye, forward));
    base = vec4(s.albedo, role);
    gloss = vec4(s.specular * s.occlusion, 0.);
    indirect = vec4(ambient(s.normal) * s.occlusion, 1.);
}
