// Skin, painted in template coordinates. aux: lips, eyelids, scalp, ears (-1 inside the mouth).
// params: 0 colour, redness; 1 lips, freckles; 2 hair, scalp tint; 3 wrinkles, stubble, moles, tears; 4 eye shadow.

float bell(float x, float width) { return exp(-(x / width) * (x / width)); }

float pores(vec3 q) { return noise(q * 62.) * .0028 + fbm(q * 26.) * .006; }

vec3 pore_gradient(vec3 q) {
    const vec2 d = vec2(.003, 0);
    return (vec3(pores(q + d.xyy), pores(q + d.yxy), pores(q + d.yyx)) - pores(q)) / d.x;
}

vec3 skin_colour(vec3 q, vec4 aux, float x) {
    vec3 c = params[0].rgb * (.9 + .22 * (noise(q * 3. + seed) * .5 + fbm(q * 9. + seed) * .5));
    float red = bell(x - .42, .2) * bell(q.y - 6.92, .2) * step(.6, q.z) + .8 * bell(q.x, .16) * bell(q.y - 6.95, .14) * step(1.2, q.z)
        + .5 * bell(q.x, .2) * bell(q.y - 6.3, .12) * step(.9, q.z) + max(aux.w, 0.) * .7;
    c *= mix(vec3(1), vec3(1.04, .80, .78), clamp(red * (.7 + .6 * fbm(q * 14.)) * params[0].a, 0., 1.));
    float around = bell(length(vec2((x - .31) / .2, (q.y - 7.24) / .13)), 1.) * step(.9, q.z);
    c *= mix(vec3(1), vec3(.80, .70, .72), around * (.55 + .4 * params[3].x));
    c *= mix(vec3(1), vec3(1.05, .72, .70), around * params[3].w);
    c *= mix(vec3(1), vec3(.75, .62, .60), aux.y * .6) * mix(vec3(1), vec3(.6, .45, .45), aux.y * params[4].x);
    float freckles = smoothstep(.66, .8, noise(q * 46.)) * smoothstep(.45, .6, noise(q * 11. + 9.)) * bell(q.y - 6.98, .3) * step(.6, q.z);
    c *= mix(vec3(1), vec3(.72, .55, .45), freckles * params[1].a);
    c *= 1. + .13 * (noise(q * 55.) - .5) + .09 * (noise(q * 115.) - .5);
    c *= mix(vec3(1), vec3(1.03, .90, .87), smoothstep(.45, .75, fbm(q * 17. + seed)) * .8 * params[0].a);
    c *= 1. - .75 * bell(x - .085, .04) * bell(q.y - 6.865, .028) * step(1.3, q.z) * step(q.z, 1.62);  // nostrils
    return c * mix(vec3(1), vec3(.35, .25, .2), smoothstep(.965, .975, noise(q * 13. + seed * 3.)) * params[3].z);
}

float beard_shadow(vec3 q, float x) {
    float jaw = smoothstep(6.66, 6.5, q.y - .24 * smoothstep(.5, .8, x)) * smoothstep(5.85, 6.15, q.y) * smoothstep(.35, .6, q.z + .2 * x);
    return max(jaw, smoothstep(.3, .2, x) * smoothstep(6.69, 6.73, q.y) * smoothstep(6.86, 6.8, q.y) * step(1.2, q.z));
}

void surface(inout Surface s) {
    vec3 q = s.rest;
    float x = abs(q.x), wrinkles = params[3].x, stubble = params[3].y, tears = params[3].w;
    s.albedo = skin_colour(q, s.aux, x);
    float shadow = beard_shadow(q, x) * stubble;
    s.albedo = mix(s.albedo, s.albedo * vec3(.62, .66, .7), shadow * .55);
    s.albedo = mix(s.albedo, params[2].rgb * .6, shadow * smoothstep(.62, .85, noise(q * 95.)) * .65);
    s.albedo = mix(s.albedo, params[2].rgb * .55, s.aux.z * params[2].a);
    float lip = smoothstep(.35, .75, s.aux.x + .15 * (noise(q * 30.) - .5));
    s.albedo = mix(s.albedo, params[1].rgb * (.85 + .3 * noise(vec3(q.x * 60., q.y * 8., q.z))), lip * .85);
    vec3 g = pore_gradient(q);
    g.y += sin((q.y + .03 * noise(q * 5.) + .02 * q.x * q.x) * 62.) * smoothstep(7.6, 7.7, q.y) * smoothstep(7.98, 7.85, q.y) * smoothstep(.6, .3, x) * .28 * wrinkles;
    g.y += sin(atan(q.y - 7.25, x - .42) * 14.) * bell(x - .56, .07) * bell(q.y - 7.22, .12) * .3 * wrinkles;
    s.normal = perturb(s.normal, g * (1. - smoothstep(.004, .02, s.footprint)) * (1. - .7 * lip) * .55);
    s.scatter = 1.;
    s.roughness = mix(.42, .30, lip) - .06 * bell(q.x, .2) * step(1.2, q.z);
    s.reflectance = .028;
    s.shine = .75 + .5 * noise(q * 40.);
    if (tears > 0.) {
        float off = x - .33 - .02 * sin(q.y * 9. + seed + sign(q.x) * 2.);
        float tear = smoothstep(.034, .016, abs(off)) * smoothstep(7.19, 7.13, q.y) * smoothstep(6.25, 6.6, q.y) * step(.7, q.z)
            * (.6 + .4 * smoothstep(.3, .6, noise(vec3(q.x * 4., q.y * 9., seed)))) * tears;
        s.normal = normalize(s.normal + vec3(sign(off * q.x) * tear * .45 * smoothstep(0., .02, abs(off)), 0, 0));
        s.albedo *= mix(vec3(1), vec3(.93, .86, .85), tear);
        s.roughness = mix(s.roughness, .12, tear);
    }
    if (s.aux.w < -.5) { s.albedo = vec3(.28, .07, .06); s.occlusion = .35; s.roughness = .25; }
}
