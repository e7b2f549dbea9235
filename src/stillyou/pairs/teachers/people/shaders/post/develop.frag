#version 430
// Light to picture: tone curve, then the mean of the drawn pixels of each finished one.
in vec2 uv;
out vec4 picture;
uniform sampler2D irradiance, direct, base, gloss, occlusion, backdrop;
uniform float exposure;
const int FACTOR = SUPERSAMPLING;

// Narkowicz's fit of the ACES curve.
vec3 tone(vec3 c) {
    c = max(c * exposure, 0.) * .62;
    c = (c * (2.51 * c + .03)) / (c * (2.43 * c + .59) + .14);
    return pow(clamp(c, 0., 1.), vec3(1. / 2.2));
}

void main() {
    ivec2 corner = ivec2(gl_FragCoord.xy) * FACTOR;
    float open = mix(1., texture(occlusion, uv).r, .6);
    vec3 behind = tone(texture(backdrop, uv).rgb), total = vec3(0);
    for (int i = 0; i < FACTOR; i++) for (int j = 0; j < FACTOR; j++) {
        ivec2 at = corner + ivec2(i, j);
        bool empty = texelFetch(direct, at, 0).a > 900.;
        total += empty ? behind : tone(texelFetch(irradiance, at, 0).rgb * texelFetch(base, at, 0).rgb + texelFetch(gloss, at, 0).rgb * open);
    }
    picture = vec4(total / float(FACTOR * FACTOR), 1.);
}
