// A key light with a soft shadow, a rim light, and a sky above a ground with a bright side.
uniform vec3 key_direction, key_colour, rim_direction, rim_colour;
uniform vec3 sky, ground, side_colour, side_direction;
uniform mat4 shadow_matrix;
uniform float softness;     // of the shadow, in shadow map coordinates
uniform sampler2D shadow_map;
const int TAPS = SHADOW_TAPS;

vec3 ambient(vec3 n) {
    return mix(ground, sky, n.y * .5 + .5) + side_colour * max(0., dot(n, side_direction) * .6 + .4);
}

// Share of the key light that reaches a point: 0 to 1. The taps are turned by `chance`, 0 to 1.
float key_visible(vec3 world, vec3 n, float bias, float chance) {
    vec3 c = (shadow_matrix * vec4(world + n * .015, 1.)).xyz * .5 + .5;
    float turn = 6.2832 * chance, lit = 0.;
    for (int i = 0; i < TAPS; i++) {
        float radius = sqrt((float(i) + .5) / float(TAPS)) * softness, angle = turn + float(i) * 2.399963;
        lit += step(c.z - bias - radius * .25, texture(shadow_map, c.xy + vec2(cos(angle), sin(angle)) * radius).r);
    }
    return lit / float(TAPS);
}

// Interleaved gradient noise (Jimenez): 0 to 1, different for neighbouring pixels.
float pixel_chance(vec2 at) { return fract(52.9829189 * fract(dot(at, vec2(.06711056, .00583715)))); }

// What a mirror sees in direction r: sky, ground and soft boxes.
vec3 surroundings(vec3 r, float roughness) {
    vec3 c = mix(ground, sky, smoothstep(-.4, .6, r.y)) * .8;
    c += key_colour * .55 * smoothstep(mix(.9, .55, roughness), 1., max(dot(r, key_direction), 0.)) * (1. - .6 * roughness);
    c += rim_colour * .4 * smoothstep(.8, 1., max(dot(r, rim_direction), 0.));
    return c + side_colour * max(dot(r, side_direction), 0.);
}

// GGX: distribution, visibility and Fresnel.
float ggx(float nh, float a) { float a2 = a * a, d = nh * nh * (a2 - 1.) + 1.; return a2 / (3.14159 * d * d); }
float ggx_visible(float nl, float nv, float a) { float k = a * .5; return .25 / ((nl * (1. - k) + k) * (nv * (1. - k) + k)); }
float fresnel(float vh, float f0) { return f0 + (1. - f0) * pow(1. - vh, 5.); }
