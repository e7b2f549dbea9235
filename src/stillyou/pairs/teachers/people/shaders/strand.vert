#version 430
// Strands are lit at their points: they are thinner than a pixel, and every pixel shows many of them.
#include "common.glsl"
#include "light.glsl"
#include "ribbon.glsl"
uniform vec3 centre;        // of the head: strands are lit as a ball about it
out vec4 lamps;             // diffuse light of the lamps; depth
out vec3 tint, shine, around;

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
    Ribbon r = ribbon();
    vec3 v = normalize(eye - r.world), n = normalize(r.world - centre);
    n = normalize(n - r.tangent * dot(n, r.tangent) + v * .25);
    float lit = key_visible(r.world, n, .010, hash(vec3(r.shade * 91., r.along * 7., 3.)));
    Strand s = Strand(r.world, r.tangent, v, r.along, r.shade, lit, n, r.colour, vec3(0), vec3(0), 1.);
    strand(s);
    lamps = vec4(s.diffuse * s.occlusion, dot(r.world - eye, forward));
    tint = s.albedo;
    shine = s.specular * s.occlusion;
    around = ambient(s.normal) * s.occlusion;
    gl_Position = projection * vec4(r.world, 1.);
}
