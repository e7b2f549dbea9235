#version 430
in vec3 world, normal, rest;
in vec4 aux;
layout(location = 0) out vec4 direct;   // diffuse light of the lamps; depth
layout(location = 1) out vec4 base;     // albedo; role
layout(location = 2) out vec4 gloss;    // mirrored light; how much light scatters below the surface
layout(location = 3) out vec4 indirect; // diffuse light of the surroundings
uniform float role;
#include "common.glsl"
#include "light.glsl"

float key_visible(vec3 world, vec3 n, float bias) { return key_visible(world, n, bias, pixel_chance(gl_FragCoord.xy)); }

// A point of a surface: what a material is told (first block) and what it answers (second).
struct Surface {
    vec3 world, rest; vec4 aux; vec3 view; float footprint;   // footprint: how much of rest space a pixel spans
    vec3 normal;            // in and out
    vec3 albedo;            // linear, 0 to 1
    vec3 glow;              // mirrored or emitted light of the material's own making
    float roughness, reflectance, shine, mirror, sheen;  // shine scales all highlights, mirror the surroundings' part
    float scatter, wrap, occlusion;                      // scatter above 0.5: skin
};
#include "material"

void main() {
    if (cut(rest, aux)) discard;
    vec3 v = normalize(eye - world), n = normalize(normal);
    if (!ONE_SIDED && dot(n, v) < 0.) n = -n;
    Surface s = Surface(world, rest, aux, v, max(length(dFdx(rest)), length(dFdy(rest))), n,
                        vec3(.5), vec3(0), .5, .04, 1., .35, 0., 0., 0., 1.);
    surface(s);
    n = s.normal;
    float nl = dot(n, key_direction), nlc = clamp(nl, 0., 1.), nr = clamp(dot(n, rim_direction), 0., 1.);
    float nv = max(dot(n, v), .02), lit = key_visible(world, normalize(normal), .004);
    vec3 diffuse;
    if (s.scatter > .5) {
        vec3 w = vec3(.30, .14, .08);   // red light bends furthest around
        diffuse = key_colour * clamp((vec3(nl) + w) / ((1. + w) * (1. + w)), 0., 1.) * lit;
    } else diffuse = key_colour * clamp((nl + s.wrap) / (1. + s.wrap), 0., 1.) * lit;
    diffuse += rim_colour * nr * .8;
    vec3 around = ambient(n), specular = s.glow;
    if (s.shine > 0.) {
        float a = s.roughness * s.roughness;
        vec3 h = normalize(key_direction + v), hr = normalize(rim_direction + v), r = reflect(-v, n);
        float nh = max(dot(n, h), 0.);
        vec3 sp = key_colour * nlc * lit * (ggx(nh, a) * .7 + ggx(nh, a * 2.2) * .3) * ggx_visible(nlc, nv, a) * fresnel(max(dot(v, h), 0.), s.reflectance);
        sp += rim_colour * nr * ggx(max(dot(n, hr), 0.), a * 1.5) * ggx_visible(nr, nv, s.roughness) * fresnel(max(dot(v, hr), 0.), s.reflectance);
        sp += surroundings(r, s.roughness) * fresnel(nv, s.reflectance) * s.mirror * (1. - s.roughness * .6);
        sp += s.albedo * (key_colour * lit * .35 + around * .5) * pow(1. - nv, 3.) * s.sheen;
        specular += sp * s.shine * s.occlusion;
    }
    direct = vec4(diffuse * s.occlusion, dot(world - eye, forward));
    base = vec4(s.albedo, role);
    gloss = vec4(specular, s.scatter);
    indirect = vec4(around * s.occlusion, 1.);
}
